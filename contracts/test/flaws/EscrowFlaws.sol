// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Flawed on purpose: who is meant comes in an argument, as the buyer's id comes in a request body. Never deploy.
contract EscrowByArgument {
    mapping(address buyer => mapping(uint256 listing => uint256)) public stakeOf;
    mapping(address buyer => mapping(uint256 listing => uint256)) public quotaOf;

    /// The flaw twice: `buyer` is whoever the caller says, and `isUpgrade` is believed.
    function purchase(address buyer, uint256 listing, uint256 quota, bool isUpgrade) external payable {
        if (!isUpgrade) require(msg.value >= 0.1 ether, "stake");
        stakeOf[buyer][listing] += msg.value;
        quotaOf[buyer][listing] = quota;
    }

    function withdraw(address buyer, uint256 listing, address payable to) external {
        uint256 amount = stakeOf[buyer][listing];
        stakeOf[buyer][listing] = 0;
        to.transfer(amount);
    }
}

/// @notice Flawed on purpose: one key slashes at once, all of it, to whom it likes. Never deploy.
contract EscrowWithOneAdmin {
    address public immutable admin;
    mapping(address buyer => uint256) public stakeOf;

    constructor(address admin_) {
        admin = admin_;
    }

    function stake() external payable {
        stakeOf[msg.sender] += msg.value;
    }

    function slash(address buyer, address payable to, string calldata) external {
        require(msg.sender == admin, "admin");
        uint256 amount = stakeOf[buyer];
        stakeOf[buyer] = 0;
        to.transfer(amount);
    }
}

/// @notice Flawed on purpose: the escrow's address is configured, and its default is zero. Never deploy.
contract PurchaseByDefaultAddress {
    address payable public immutable escrow;
    mapping(address buyer => bool) public hasAccess;

    constructor(address payable escrow_) {
        escrow = escrow_;
    }

    function purchase() external payable {
        (bool ok,) = escrow.call{value: msg.value}(abi.encodeWithSignature("stake()"));
        require(ok, "escrow");
        hasAccess[msg.sender] = true;
    }
}

/// @notice Flawed on purpose: whoever shows a key proves its owner's misuse, is rewarded, and the owner is not heard. Never deploy.
contract EscrowSlashedByTheKey {
    mapping(bytes32 keyHash => address) public ownerOf;
    mapping(bytes32 keyHash => uint256) public stakeOf;

    function stake(bytes32 keyHash) external payable {
        ownerOf[keyHash] = msg.sender;
        stakeOf[keyHash] += msg.value;
    }

    /// The flaw: that a key is known says nothing about who leaked it.
    function reportMisuse(bytes32 key) external {
        bytes32 keyHash = keccak256(abi.encode(key));
        uint256 amount = stakeOf[keyHash];
        require(amount != 0, "unknown");
        stakeOf[keyHash] = 0;
        payable(msg.sender).transfer(amount / 2);
        payable(address(0xdead)).transfer(amount - amount / 2);
    }
}

/// @notice Flawed on purpose: amounts are kept with ten decimals, as DECIMAL(18,10) keeps them. Never deploy.
contract EscrowWithTenDecimals {
    uint256 private constant WEI_PER_UNIT = 1e8;
    mapping(address buyer => uint256) public unitsOf;

    function stake() external payable {
        unitsOf[msg.sender] += msg.value / WEI_PER_UNIT;
    }

    function withdraw() external {
        uint256 units = unitsOf[msg.sender];
        unitsOf[msg.sender] = 0;
        payable(msg.sender).transfer(units * WEI_PER_UNIT);
    }
}
