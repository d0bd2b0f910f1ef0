// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {CreditToken} from "../../../src/token/CreditToken.sol";
import {PlainAsset} from "../../support/doubles/MoneyAssets.sol";
import {MoneyFixture} from "../../support/MoneyFixture.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

contract CreditTokenDepositWithPermitTest is MoneyFixture {
    function test_needsNoApproval() public {
        asset.mint(tenant, 5);
        (uint8 v, bytes32 r, bytes32 s) = _permit(5, T0);
        uint256 before = credits.balanceOf(tenant);
        vm.prank(tenant);
        credits.depositWithPermit(tenant, 5, T0, v, r, s);
        assertEq(credits.balanceOf(tenant), before + 5, "credits");
        assertEq(asset.allowance(tenant, address(credits)), 0, "allowance is used up");
    }

    /// Whoever uses the permit first cannot stop the deposit.
    function test_aPermitUsedByAnotherDoesNoHarm() public {
        asset.mint(tenant, 5);
        (uint8 v, bytes32 r, bytes32 s) = _permit(5, T0);
        vm.prank(stranger);
        asset.permit(tenant, address(credits), 5, T0, v, r, s);
        vm.prank(tenant);
        credits.depositWithPermit(tenant, 5, T0, v, r, s);
        assertEq(asset.balanceOf(tenant), 0, "asset taken");
    }

    function test_refusesWithoutAGoodPermit() public {
        asset.mint(tenant, 5);
        (uint8 v, bytes32 r, bytes32 s) = _permit(5, T0 - 1);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(credits), 0, 5));
        vm.prank(tenant);
        credits.depositWithPermit(tenant, 5, T0 - 1, v, r, s);
    }

    /// Nobody can bring another's permit: it is the caller who pays.
    function test_takesNothingOfOthers() public {
        asset.mint(tenant, 5);
        (uint8 v, bytes32 r, bytes32 s) = _permit(5, T0);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(credits), 0, 5));
        vm.prank(stranger);
        credits.depositWithPermit(stranger, 5, T0, v, r, s);
    }

    function test_stopsWhilePaused() public {
        _pause();
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.EntryPaused.selector, type(uint64).max));
        credits.depositWithPermit(tenant, 5, T0, 0, 0, 0);
    }

    /// An asset without permit takes an approval in its place.
    function test_worksWithAnAssetWithoutPermit() public {
        PlainAsset plain = new PlainAsset(6);
        CreditToken token = new CreditToken(plain, IParamGovernor(address(governor)), address(manager), new address[](0));
        plain.mint(address(this), 5);
        plain.approve(address(token), 5);
        token.depositWithPermit(stranger, 5, T0, 27, 0, 0);
        assertEq(token.balanceOf(stranger), 5, "credits");
    }

    function _permit(uint256 amount, uint256 deadline) private view returns (uint8 v, bytes32 r, bytes32 s) {
        bytes32 typeHash = keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 hash = keccak256(abi.encode(typeHash, tenant, address(credits), amount, asset.nonces(tenant), deadline));
        return vm.sign(tenantKey, _digest(asset.DOMAIN_SEPARATOR(), hash));
    }
}
