// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditToken} from "../interfaces/ICreditToken.sol";
import {ICreditVenue} from "../interfaces/ICreditVenue.sol";
import {IParamGovernor} from "../interfaces/IParamGovernor.sol";
import {Guard} from "../libraries/Guard.sol";
import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

contract CreditToken is ICreditToken, ERC20Permit, AccessManaged, Guard {
    using SafeERC20 for IERC20;

    uint8 private constant DECIMALS = 6;

    /// @inheritdoc ICreditToken
    IERC20 public immutable asset;
    IParamGovernor public immutable governor;

    /// @inheritdoc ICreditToken
    mapping(address account => Venue) public venueOf;

    /// @param venues admitted from the first block, before they have code that could be asked: no credits can reach the vault's address before it is a venue, so its balance is what its books say from the start.
    constructor(IERC20 asset_, IParamGovernor governor_, address authority_, address[] memory venues)
        ERC20("Tallystick Credit", "CREDIT")
        ERC20Permit("Tallystick Credit")
        AccessManaged(authority_)
    {
        if (address(asset_) == address(0) || address(governor_) == address(0) || authority_ == address(0)) revert ZeroAddress();
        uint8 assetDecimals = IERC20Metadata(address(asset_)).decimals();
        if (assetDecimals != DECIMALS) revert DecimalsMismatch(assetDecimals);
        asset = asset_;
        governor = governor_;
        for (uint256 i = 0; i < venues.length; ++i) {
            _setVenue(venues[i], Venue.Open);
        }
    }

    /// @inheritdoc ERC20
    function decimals() public pure override returns (uint8) {
        return DECIMALS;
    }

    /// @inheritdoc ICreditToken
    function reserve() public view returns (uint256) {
        return asset.balanceOf(address(this));
    }

    /// @inheritdoc ICreditToken
    function deposit(address to, uint256 amount) external nonReentrant {
        _deposit(to, amount);
    }

    /// @inheritdoc ICreditToken
    function depositWithPermit(address to, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external nonReentrant {
        // Whoever sees the permit can use it first. Then the allowance is there, and that is all that counts here: `_deposit` fails where it is not.
        try IERC20Permit(address(asset)).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        _deposit(to, amount);
    }

    /// @inheritdoc ICreditToken
    /// @dev What leaves is not measured: an asset that begins to take more must not close the exit.
    function redeem(address to, uint256 amount) external nonReentrant {
        if (amount == 0) revert ZeroAmount();
        if (to == address(0)) revert ZeroAddress();
        _burn(msg.sender, amount);
        emit Redeemed(msg.sender, to, amount, totalSupply());
        asset.safeTransfer(to, amount);
    }

    /// @inheritdoc ICreditToken
    function setVenue(address venue, Venue state) external restricted {
        if (venue == address(0)) revert ZeroAddress();
        if (state == Venue.None) revert VenueNotRemovable(venue);
        if (venueOf[venue] == Venue.None && !_isVenue(venue)) revert NoVenue(venue);
        _setVenue(venue, state);
    }

    function _deposit(address to, uint256 amount) private {
        governor.requireEntry();
        if (amount == 0) revert ZeroAmount();
        if (to == address(0)) revert ZeroAddress();
        uint256 before = reserve();
        asset.safeTransferFrom(msg.sender, address(this), amount);
        // Credits are minted only after the asset is here and counted: at no moment is there a credit without it. The guard keeps `before` true.
        uint256 received = reserve() - before;
        if (received != amount) revert AssetMismatch(amount, received);
        _mint(to, amount);
        emit Deposited(msg.sender, to, amount, totalSupply());
    }

    function _setVenue(address venue, Venue state) private {
        if (venue == address(0)) revert ZeroAddress();
        venueOf[venue] = state;
        emit VenueSet(venue, state);
    }

    /// @dev Whether the account says that it is one. An account that says nothing, or anything else, is none; no answer makes this revert.
    function _isVenue(address venue) private view returns (bool) {
        (bool ok, bytes memory answer) = venue.staticcall(abi.encodeCall(ICreditVenue.creditVenue, ()));
        // The answer has 32 bytes.
        // forge-lint: disable-next-line(unsafe-typecast)
        return ok && answer.length == 32 && bytes32(answer) == bytes32(ICreditVenue.creditVenue.selector);
    }

    /// @dev The one door of mint, burn and transfer. A burn asks no venue: it is the holder's own exit. Allowances are checked before, by ERC20.
    function _update(address from, address to, uint256 value) internal override {
        if (to != address(0)) {
            Venue mover = venueOf[msg.sender];
            bool mayMove = from == address(0) || mover == Venue.Open || (mover == Venue.Leaving && from == msg.sender);
            // A venue that sends to itself would write off what it still holds.
            bool mayArrive = venueOf[to] == Venue.None || (to == msg.sender && from != to);
            if (!mayMove || !mayArrive) revert TransferRestricted(msg.sender);
        }
        super._update(from, to, value);
    }
}
