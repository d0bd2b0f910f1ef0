// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CREATE3} from "solady/utils/CREATE3.sol";
import {ChainRegistry} from "../../../src/governance/ChainRegistry.sol";
import {IChainRegistry} from "../../../src/interfaces/IChainRegistry.sol";
import {Roles} from "../../../src/libraries/Roles.sol";
import {StakesWorld} from "../../support/StakesWorld.sol";

contract Thing {
    uint256 public immutable figure;
    address public immutable place;

    constructor(uint256 figure_, ChainRegistry registry_) payable {
        figure = figure_;
        place = registry_.addressOf("Thing");
    }
}

contract OtherThing {
    string public constant NAME = "another code";
}

contract FailingThing {
    error NotToday();

    constructor() {
        revert NotToday();
    }
}

contract ReceiverThing {
    receive() external payable {}
}

/// @notice Comes back for another version while it is constructed.
contract GreedyThing {
    constructor(ChainRegistry registry_) {
        registry_.deploy("Thing", 2, type(OtherThing).creationCode);
    }
}

contract DeployTest is StakesWorld {
    ChainRegistry private _places;

    function setUp() public override {
        super.setUp();
        _places = new ChainRegistry(address(authority));
        _allow(address(_places), IChainRegistry.deploy.selector, Roles.GOVERNOR);
    }

    function _code(uint256 figure) private view returns (bytes memory) {
        return abi.encodePacked(type(Thing).creationCode, abi.encode(figure, _places));
    }

    function _deploy(bytes32 name, uint32 version, bytes memory initCode) private returns (address) {
        vm.prank(governing);
        return _places.deploy(name, version, initCode);
    }

    function test_whereItWasPredicted() public {
        address expected = _places.predict("Thing", 1);
        assertEq(expected.code.length, 0, "not yet");
        uint256 before = vm.snapshotState();
        bytes32 codeHash = _deploy("Thing", 1, _code(7)).codehash;
        vm.revertToState(before);

        vm.expectEmit(address(_places));
        emit IChainRegistry.Deployed("Thing", 1, expected, codeHash);
        address place = _deploy("Thing", 1, _code(7));
        assertEq(place, expected, "place");
        assertEq(Thing(place).figure(), 7, "constructed");
        assertEq(Thing(place).place(), place, "it could ask where it is");
        assertEq(_places.addressOf("Thing"), place, "latest address");
        assertEq(_places.versionOf("Thing", 1), place, "version");
        assertEq(_places.latest("Thing"), 1, "latest");
        assertEq(_places.names().length, 1, "names");
        assertEq(_places.names()[0], "Thing", "name");
    }

    /// @dev The same registry address, name and version: the same address on another chain, whatever the code and whoever deploys.
    function testFuzz_theSameAddressOnEveryChain(bytes32 name, uint64 chain) public {
        vm.assume(name != 0 && chain != 0);
        uint256 before = vm.snapshotState();
        address here = _deploy(name, 1, type(OtherThing).creationCode);
        bytes32 hereHash = here.codehash;
        vm.revertToState(before);
        vm.chainId(chain);
        vm.roll(block.number + 1_000);
        authority.grantRole(Roles.GOVERNOR, stranger, 0);
        vm.prank(stranger);
        address there = _places.deploy(name, 1, type(ReceiverThing).creationCode);
        assertEq(there, here, "address");
        assertTrue(there.codehash != hereHash, "of other code");
    }

    function testFuzz_addressesDiffer(bytes32 name, uint32 version, bytes32 other, uint32 otherVersion) public view {
        vm.assume(name != other || version != otherVersion);
        assertTrue(_places.predict(name, version) != _places.predict(other, otherVersion), "differ");
    }

    function test_versionsGoUpByOne() public {
        bytes memory code = type(OtherThing).creationCode;
        uint32[3] memory wrong = [uint32(0), 2, type(uint32).max];
        for (uint256 i; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IChainRegistry.VersionNotNext.selector, bytes32("Thing"), wrong[i], 1));
            _deploy("Thing", wrong[i], code);
        }
        address first = _deploy("Thing", 1, code);
        vm.expectRevert(abi.encodeWithSelector(IChainRegistry.AlreadyDeployed.selector, bytes32("Thing"), 1, first));
        _deploy("Thing", 1, code);
        address second = _deploy("Thing", 2, code);
        vm.expectRevert(abi.encodeWithSelector(IChainRegistry.VersionNotNext.selector, bytes32("Thing"), 4, 3));
        _deploy("Thing", 4, code);
        assertEq(_places.versionOf("Thing", 1), first, "the old one stays");
        assertEq(_places.addressOf("Thing"), second, "the latest");
        assertEq(_places.latest("Thing"), 2, "latest version");
        _deploy("Other", 1, code);
        assertEq(_places.names().length, 2, "each name once");
    }

    function test_aFailingConstructorLeavesNothing() public {
        vm.expectRevert(CREATE3.DeploymentFailed.selector);
        _deploy("Thing", 1, type(FailingThing).creationCode);
        assertEq(_places.latest("Thing"), 0, "no version");
        assertEq(_places.names().length, 0, "no name");
        assertEq(_places.versionOf("Thing", 1), address(0), "no place");
        vm.expectRevert(abi.encodeWithSelector(IChainRegistry.NotDeployed.selector, bytes32("Thing")));
        _places.addressOf("Thing");
        _deploy("Thing", 1, type(OtherThing).creationCode);
    }

    function test_noCode() public {
        vm.expectRevert(CREATE3.DeploymentFailed.selector);
        _deploy("Thing", 1, "");
    }

    function test_aConstructorThatComesBack() public {
        bytes memory code = abi.encodePacked(type(GreedyThing).creationCode, abi.encode(_places));
        authority.grantRole(Roles.GOVERNOR, _places.predict("Thing", 1), 0);
        // Even with the role it gets the next version only, in order, and no second first one.
        address first = _deploy("Thing", 1, code);
        assertEq(_places.versionOf("Thing", 1), first, "first");
        assertEq(_places.latest("Thing"), 2, "second");
    }

    function test_withoutName() public {
        vm.expectRevert(IChainRegistry.NameRequired.selector);
        _deploy(0, 1, type(OtherThing).creationCode);
    }

    function test_byTheGovernorOnly() public {
        address[3] memory others = [stranger, guardian, arbiter];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(_unauthorized(others[i]));
            vm.prank(others[i]);
            _places.deploy("Thing", 1, type(OtherThing).creationCode);
        }
    }

    function test_weiGoesToTheConstructor() public {
        vm.deal(governing, 1 ether);
        bytes memory code = _code(1);
        vm.prank(governing);
        address place = _places.deploy{value: 1 ether}("Thing", 1, code);
        assertEq(place.balance, 1 ether, "there");
        assertEq(address(_places).balance, 0, "not here");
    }

    function test_noZeroAddress() public {
        vm.expectRevert(IChainRegistry.ZeroAddress.selector);
        new ChainRegistry(address(0));
    }
}
